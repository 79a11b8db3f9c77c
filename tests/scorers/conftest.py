"""That there is this file puts this folder on the path, for the oracles that tests in its folders share."""
