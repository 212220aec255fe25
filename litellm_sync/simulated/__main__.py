"""`python -m litellm_sync.simulated`: the simulated gateway as a process of its own."""

import argparse
import logging
import os
import signal
import threading

from litellm_sync.simulated.gateway import DEFAULT_MASTER_KEY, SimulatedGateway
from litellm_sync.simulated.push import Target
from litellm_sync.simulated.versions import NEWEST, VERSIONS

logger = logging.getLogger("litellm_sync.simulated")


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = _options()
    push = Target(options.push_url, options.push_token) if options.push_url else None
    gateway = SimulatedGateway(
        options.host,
        options.port,
        master_key=options.master_key,
        state_path=options.state,
        version=options.version,
        push=push,
        log_delay=options.log_delay,
        chunk_delay=options.chunk_delay,
        service_time=options.service_time,
        at_once=options.at_once,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with gateway:
        logger.info("The simulated gateway (LiteLLM %s) answers on %s", options.version, gateway.url)
        stop.wait()


def _options() -> argparse.Namespace:
    """Secrets may come from the environment, where the list of processes does not show them."""
    parser = argparse.ArgumentParser(prog="python -m litellm_sync.simulated", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4000, help="0 takes a free one")
    parser.add_argument(
        "--state", metavar="FILE", help="keep everything in this file; without it nothing is kept"
    )
    key = os.environ.get("LITELLM_MASTER_KEY", DEFAULT_MASTER_KEY)
    parser.add_argument("--master-key", default=key, help="default: LITELLM_MASTER_KEY")
    parser.add_argument("--version", choices=sorted(VERSIONS), default=NEWEST)
    parser.add_argument(
        "--push-url", default=os.environ.get("PUSH_URL"), help="where usage is pushed, default: PUSH_URL"
    )
    parser.add_argument("--push-token", default=os.environ.get("PUSH_TOKEN", ""), help="default: PUSH_TOKEN")
    parser.add_argument(
        "--log-delay", type=float, default=0.0, help="seconds until a call shows in logs and spends"
    )
    parser.add_argument(
        "--chunk-delay", type=float, default=0.0, help="seconds between the chunks of a stream"
    )
    parser.add_argument("--service-time", type=float, default=0.0, help="seconds that every request takes")
    parser.add_argument("--at-once", type=int, help="how many requests are served at the same time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
