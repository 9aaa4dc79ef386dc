"""The wallet's use cases: what it holds, how it receives, presents and renews, and what it remembers of that."""
