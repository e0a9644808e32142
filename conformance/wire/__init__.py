"""Sans-IO reading: bytes in, values and anomalies out; nothing here raises for what a peer sent."""
