"""A small real HTTP server that speaks the part of LiteLLM's API that we use.

The embedded default and the tests run it; the contract suite holds it to what the real proxy does. It needs
neither Django nor a database, and never stands in for a configured gateway unasked.
"""

from litellm_sync.simulated.gateway import DEFAULT_MASTER_KEY, SimulatedGateway
from litellm_sync.simulated.push import Target

__all__ = ["DEFAULT_MASTER_KEY", "SimulatedGateway", "Target"]
