"""The REST API of crews, templates and the catalog, and what every router of the API shares."""
