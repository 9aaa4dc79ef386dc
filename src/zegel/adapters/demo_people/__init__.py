"""The people of the demo register: data, and none of them exists."""
