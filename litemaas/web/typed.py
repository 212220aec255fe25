"""What somebody typed and sent after the session's end comes back once they have signed in, without any script.

It waits in the browser's session, sealed, and is shown to the person whose page it was and to nobody else. It is only put
back into the form: nothing is done that the person does not send again. With script, `static/js/kept.js` does more.
"""

import json
import re
from base64 import b64decode, b64encode
from typing import Any

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from litemaas import crypto
from litemaas.web.elements import render
from litemaas.web.filling import filled

FIELD = "typed_by"
_PLACE = "typed"
_SECONDS_KEPT = 3600
_MOST_BYTES = 64 * 1024
_NEVER = {FIELD, "csrfmiddlewaretoken", "version"}
_SECRET_FIELD = re.compile(
    r"<input\b(?=[^>]*\b(?:type=\"password\"|autocomplete=\"o(?:ff-record|ne-time-code)\"))[^>]*>"
)
_NAME = re.compile(r"\bname=\"([^\"]+)\"")


def mark(reader: Any, content: str) -> str:
    """For a form: whose page it stands on, and which fields of its `content` hold a secret, signed."""
    secret = [name[1] for tag in _SECRET_FIELD.findall(content) if (name := _NAME.search(tag))]
    return _signer().sign_object([str(reader), secret])


def keep(request: HttpRequest, page: str) -> None:
    """Keep what a form of `page` was sent with. Nothing where it does not say whose it is, or is too long."""
    try:
        reader, secret = _signer().unsign_object(request.POST.get(FIELD, ""))
    except (BadSignature, ValueError):
        return
    values = {name: many for name, many in request.POST.lists() if name not in _NEVER | set(secret)}
    text = json.dumps({"page": page, "action": request.get_full_path(), "values": values})
    if len(text) > _MOST_BYTES:
        return
    sealed = b64encode(crypto.seal(text, bound_to=_owner(reader))).decode()
    request.session[_PLACE] = {"reader": reader, "at": timezone.now().timestamp(), "sealed": sealed}


def put_back(request: HttpRequest, reader: Any, response: HttpResponseBase) -> None:
    """Fill `response` in if it is the page with the form. What is too old or somebody else's is forgotten."""
    kept = request.session.get(_PLACE)
    if not kept:
        return
    if kept["reader"] != str(reader) or timezone.now().timestamp() - kept["at"] > _SECONDS_KEPT:
        del request.session[_PLACE]
        return
    if not (_is_page(request, response) and isinstance(response, HttpResponse)):
        return
    try:
        typed = json.loads(crypto.open_sealed(b64decode(kept["sealed"]), bound_to=_owner(kept["reader"])))
    except crypto.CannotOpen:
        del request.session[_PLACE]
        return
    if typed["page"] != request.get_full_path():
        return
    del request.session[_PLACE]
    html = filled(response.text, typed["page"], typed["action"], typed["values"], _note())
    if html is not None:
        response.content = html.encode()


def _is_page(request: HttpRequest, response: HttpResponseBase) -> bool:
    is_html = response.get("Content-Type", "").startswith("text/html")
    is_part = request.headers.get("HX-Request") == "true"
    return request.method == "GET" and response.status_code == 200 and is_html and not is_part


def _note() -> str:
    return render(
        "alert", title=_("What you had typed was put back. Check it and send it again."), tone="info"
    )


def _owner(reader: str) -> str:
    return f"typed:{reader}"


def _signer() -> Signer:
    return Signer(salt="litemaas.typed")
