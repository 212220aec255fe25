"""The written list of started processes."""

import json
import os
import signal

from litemaas.stack.leftovers import Leftovers


def test_a_list_is_replaced_as_a_whole(tmp_path):
    noted = Leftovers(tmp_path / "processes.json")
    noted.note({os.getpid(): (signal.SIGTERM, 1.0)})
    with noted.path.open() as reader:
        noted.note({})
        assert [row[0] for row in json.load(reader)] == [os.getpid()]
    assert json.loads(noted.path.read_text()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["processes.json"]
