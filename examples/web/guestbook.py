# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A guest book in a PostgreSQL of another provider, whose address is a secret.

    ./serai modal secret create guestbook-database DATABASE_URL='postgresql://user:password@db.example.org/guests?sslmode=require'
    ./serai modal deploy examples/web/guestbook.py

The connections are the container's: a few, opened when it starts, for all of its requests. A database that is away costs a request
five seconds and a clear answer, and the container nothing.
"""

import modal

image = modal.Image.debian_slim().uv_pip_install("fastapi", "psycopg[binary,pool]")
app = modal.App("guestbook", image=image)
database = modal.Secret.from_name("guestbook-database", required_keys=["DATABASE_URL"])


@app.function(secrets=[database], max_containers=4)
@modal.concurrent(max_inputs=20)
@modal.asgi_app()
def guestbook():
    import os
    from contextlib import asynccontextmanager

    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse
    from psycopg import OperationalError
    from psycopg_pool import AsyncConnectionPool, PoolTimeout

    pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=5, timeout=5, open=False)

    @asynccontextmanager
    async def open_pool(_: FastAPI):
        await pool.open()
        yield
        await pool.close()

    web = FastAPI(title="A guest book", lifespan=open_pool)

    @web.exception_handler(OperationalError)
    async def is_away(_request: Request, _error: OperationalError) -> JSONResponse:
        return JSONResponse({"detail": "the database does not answer"}, 503, {"retry-after": "10"})

    web.add_exception_handler(PoolTimeout, is_away)

    async def prepare(connection) -> None:
        await connection.execute(
            "create table if not exists guest (id bigint generated always as identity primary key, name text not null, said text)"
        )

    @web.post("/guests", status_code=201)
    async def sign(name: str, said: str = "") -> dict:
        async with pool.connection() as connection:
            await prepare(connection)
            cursor = await connection.execute("insert into guest (name, said) values (%s, %s) returning id", (name, said))
            (number,) = await cursor.fetchone()
        return {"number": number}

    @web.get("/guests")
    async def guests(limit: int = 100) -> list[dict]:
        async with pool.connection() as connection:
            await prepare(connection)
            cursor = await connection.execute("select name, said from guest order by id desc limit %s", (limit,))
            return [{"name": name, "said": said} for name, said in await cursor.fetchall()]

    return web
