"""What an attacker or a fault may try: properties over everything that is read, shown and written."""
