"""Rank inhibitors of STAT3 pY705 by simulating the signalling network under parameter uncertainty."""

__version__ = "0.1.0"
