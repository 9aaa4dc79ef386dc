"""What the tests share: a sandbox of authorities, peers, clocks."""
