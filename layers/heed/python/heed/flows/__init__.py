"""Use cases. A flow decides by the domain and speaks to the world through ports only."""
