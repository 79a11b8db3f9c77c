"""Tests of models; a package, so that its conftest is not taken for its neighbours'."""
