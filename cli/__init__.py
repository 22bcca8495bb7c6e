"""The `gridcast` command. Speaks to services through `gridcast.client` and starts the others as processes."""
