"""For partners' machines: API keys with quotas, and webhooks that reach them."""
