"""The incident agent: one alert in, one evidence-bound verdict out."""

__version__ = "0.1.0"
