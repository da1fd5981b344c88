"""The house itself: entrances, the corridor of flows, the rooms, the store."""
