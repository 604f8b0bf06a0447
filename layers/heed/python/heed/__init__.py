"""Heed's library: a serverless first responder for social customer care."""
