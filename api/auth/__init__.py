"""Who asks, and what they may do: tokens, roles, the table of rights, and the gate that holds it.

docs/accounts.md tells what is promised. Routes ask `gridcast.api.users` who their client is, and nothing else of this.
"""
