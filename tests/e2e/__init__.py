"""Tests that drive the whole product as a person does."""
