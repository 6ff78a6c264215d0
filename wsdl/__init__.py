"""WSDL and XSD documents: their writers, and the published files."""
