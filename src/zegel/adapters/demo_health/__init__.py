"""Health certificates of Member States' test persons, and who signed them: data, and none of the persons exists."""
