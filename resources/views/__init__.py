"""The settings pages of tools and documents."""
