"""Pure functions, one module a question: frames in, frames or frozen dataclasses out."""
