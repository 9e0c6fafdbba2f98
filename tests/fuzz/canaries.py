"""Canaries: secrets in the places where real ones stand. None may leave the program."""

import base64
import random
import string
from typing import Any

_LETTERS = string.ascii_letters + string.digits
VARIABLES = (
    "DB_PASSWORD", "API_KEY", "JWT_SECRET", "SESSION_SECRET", "AUTH_TOKEN", "SMTP_AUTH_PASSWORD",
    "AWS_SECRET_ACCESS_KEY", "JWT_SIGNING_KEY", "SERVER_SSL_KEY_STORE_PASSWORD", "COOKIE_SECRET", "GITHUB_TOKEN",
    "PGPASSWORD",
)  # fmt: skip
LINES = (
    "password={}", 'password: "{}"', "DB_PASSWORD={}", "Authorization: Bearer {}", "Authorization: Basic {base64}",
    "postgres://app:{}@db.bank.svc:5432/ledger", "https://user:{}@example.com/x", '{{"token": "{}"}}',
    "export API_KEY='{}'", "client_secret={}&grant_type=x", "Cookie: session={}", "X-Auth-Token: {}",
    "mysql -u root -p{} ledger", "redis-cli -a {} ping", "curl -u admin:{} http://x",
    "login failed for app with password {}",
    "//registry.example.com/:_authToken={}", "machine example.com login app password {}",
    "password%3D{}", "passwd\t{}", '{{"name":"DB_PASSWORD","value":"{}"}}', "- name: DB_PASSWORD\n  value: {}",
    "<property name=\"password\" value=\"{}\"/>", "jdbc:postgresql://db/ledger?user=app&password={}",
    "Server=db;User Id=app;Password={};", "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
)  # fmt: skip


class Canaries:
    """Makes secrets, puts them into data and text, and remembers them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.planted: list[str] = []

    def line(self) -> str:
        """A line of text with a secret in it."""
        secret = self._secret()
        encoded = base64.b64encode(f"app:{secret}".encode()).decode()
        line = self._chance.choice(LINES)
        if "{base64}" in line:
            self.planted.append(encoded)
        return line.format(secret, base64=encoded)

    def variable(self) -> dict[str, Any]:
        """An environment variable of a container."""
        return {"name": self._chance.choice(VARIABLES), "value": self._secret()}

    def _secret(self) -> str:
        secret = "".join(self._chance.choices(_LETTERS, k=20)) + "7q"
        self.planted.append(secret)
        return secret
