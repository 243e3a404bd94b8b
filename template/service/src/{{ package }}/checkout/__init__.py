"""A slice: takes orders through stock and payment as a saga, and back where a step fails."""
