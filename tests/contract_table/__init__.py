"""The REST contract as data: every operation with its method, address, who may call it, and the fields of its answer.

`sections/` is written from the contract, not from the code. `test_contract_table` exercises every row and checks the
answer field by field: name, type, whether it may be null. `shapes` reads the notation.
"""
