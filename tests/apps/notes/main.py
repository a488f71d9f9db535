"""The second application that the tests deploy: packages from PyPI, and a PostgreSQL behind it."""

import os
from urllib.parse import urlsplit

import pg8000.dbapi
from bottle import Bottle
from waitress import serve

app = Bottle()


def database():
    address = urlsplit(os.environ["DATABASE_URL"])
    return pg8000.dbapi.connect(
        user=address.username,
        password=address.password,
        host=address.hostname,
        port=address.port,
        database=address.path.lstrip("/"),
    )


@app.get("/")
def version():
    connection = database()
    try:
        cursor = connection.cursor()
        cursor.execute("select version()")
        return cursor.fetchone()[0] + "\n"
    finally:
        connection.close()


@app.get("/add/<text>")
def add(text):
    connection = database()
    try:
        cursor = connection.cursor()
        cursor.execute("create table if not exists notes (text text not null)")
        cursor.execute("insert into notes values (%s)", (text,))
        cursor.execute("select count(*) from notes")
        count = cursor.fetchone()[0]
        connection.commit()
        return f"{count}\n"
    finally:
        connection.close()


serve(app, host="0.0.0.0", port=8080, ident=None)
