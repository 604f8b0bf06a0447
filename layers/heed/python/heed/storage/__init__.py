"""DynamoDB: one table, its items and its conditions. The only place for expression strings."""
