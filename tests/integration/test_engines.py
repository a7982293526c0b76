"""The engines that the other tests rely on really are what they say."""

import psycopg
import redis as redis_client

from tests.engines.services import Postgres, Redis


def test_postgres_answers_and_makes_databases(postgres: Postgres) -> None:
    url = postgres.create_database("engines_test")
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row == ("engines_test",)


def test_redis_loses_everything_when_restarted(redis: Redis) -> None:
    with redis_client.Redis.from_url(redis.url) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"
    redis.restart()
    with redis_client.Redis.from_url(redis.url) as client:
        assert client.get("key") is None
