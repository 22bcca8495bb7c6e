"""The web page of Gridcast: carries the built files (`dist/`) as package data; there is no Python code here."""
