"""The HTTP, WebSocket and Server-Sent-Events face of Gridcast.

Who asks is answered from the broker; who watches gets its bytes.

Imports the broadcaster and the scenarios, never the simulator. Any number of these processes may run side by side; none
holds anything that may not be lost.
"""
