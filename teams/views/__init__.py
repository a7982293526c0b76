"""The pages of people and their teams."""
