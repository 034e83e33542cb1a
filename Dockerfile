# One image for web, worker and beat; docker-compose.yml says which of them a container is.
FROM python:3.11-slim AS build
RUN python -m venv /opt/winnow
COPY requirements.txt .
RUN /opt/winnow/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 winnow && install -d -o winnow -g winnow /data
COPY --from=build /opt/winnow /opt/winnow
WORKDIR /app
COPY manage.py pyproject.toml ./
COPY annotator annotator
COPY selection selection
COPY templates templates
COPY static static
ENV PATH=/opt/winnow/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 WINNOW_DATA=/data
USER winnow
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "annotator.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8"]
