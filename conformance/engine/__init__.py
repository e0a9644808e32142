"""The only room with sockets: sends requests, and turns whatever comes back into exchanges."""
