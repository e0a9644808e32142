"""From findings to what people and machines read; what an endpoint sent is shown, never interpreted."""
