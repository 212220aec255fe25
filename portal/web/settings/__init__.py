"""The system settings of operators: a page for each tab."""
