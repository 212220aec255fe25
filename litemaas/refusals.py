"""What is told of refusals: somebody who is signed in asked for what they have no right to."""

from django.http import HttpRequest
from rest_framework.request import Request

from litemaas.errors import Forbidden
from litemaas.hooks import Hook

# Called after the refused act was undone. Whoever listens must not fail.
refused: Hook[[HttpRequest | Request, Forbidden]] = Hook()
