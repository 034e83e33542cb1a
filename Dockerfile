# One image for web, worker and beat; docker-compose.yml says which of them a container is.
FROM python:3.11-slim-trixie AS build
RUN python -m venv /opt/winnow
COPY requirements.txt .
RUN /opt/winnow/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim-trixie
# For `manage.py backup` and `restore`; of the same release as the database in docker-compose.yml.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 winnow \
    && install -d -o winnow -g winnow /data /run/winnow
COPY --from=build /opt/winnow /opt/winnow
WORKDIR /app
COPY manage.py pyproject.toml ./
COPY annotator annotator
COPY selection selection
COPY templates templates
COPY static static
COPY deploy deploy
ENV PATH=/opt/winnow/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 WINNOW_DATA=/data
# ONNX Runtime reports its use to its maker otherwise; the app sets this itself, too.
ENV ORT_DISABLE_TELEMETRY=1
USER winnow
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "--config", "annotator/server/gunicorn_conf.py", "--preload", "--bind", "0.0.0.0:8000"]
