"""The rows, by the contract's sections."""
