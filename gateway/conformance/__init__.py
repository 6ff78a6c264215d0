"""The conformance kit: what every API and every protocol must do, as checks that pytest runs.

``pytest --conformance NAME`` runs the checks of an installed API or protocol; see docs/conformance.rst.
"""
