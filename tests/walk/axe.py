"""axe on a page that is open: in the theme it has, and whether colours also fit in the other one."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import BrowserContext, Page

_SOURCE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))
_RUN = """
async (rules) => {
  const options = {resultTypes: ['violations'], ...(rules ? {runOnly: rules} : {})}
  const {violations} = await axe.run(document, options)
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`))
}
"""


def prepare(context: BrowserContext) -> None:
    """Pages that are opened from now on have axe; their content policy is the page's own business."""
    context.add_init_script(path=_SOURCE)


def findings(page: Page, rules: list[str] | None = None) -> list[str]:
    return page.evaluate(_RUN, rules)
