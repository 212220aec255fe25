import socket

from litellm_sync.simulated import SimulatedGateway


def test_it_stops_although_a_request_hangs_on_a_fault_that_is_used_up():
    with SimulatedGateway() as gateway:
        gateway.faults.add("hang", "/health/*", count=1)
        with socket.create_connection((gateway.host, gateway.port)) as caller:
            caller.sendall(b"GET /health/liveliness HTTP/1.1\r\nhost: x\r\n\r\n")
            while not gateway.calls:
                pass
            gateway.stop()
            assert caller.recv(1) == b""
