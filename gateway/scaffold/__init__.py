"""From a sample or a contract to the package of a plug-in: what ``session-gateway new api`` writes."""
