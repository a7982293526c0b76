# One image for every process of production mode; compose.yaml says which one runs what.
FROM node:22-slim AS pages
WORKDIR /callsheet/static
COPY static/package.json static/package-lock.json static/.npmrc ./
RUN npm install --no-save --no-audit --no-fund --ignore-scripts
COPY static ./
COPY templates ../templates
RUN npm run build

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CALLSHEET_DATA_DIR=/data MALLOC_ARENA_MAX=1
WORKDIR /callsheet
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY manage.py ./
COPY config config
COPY teams teams
COPY crews crews
COPY resources resources
COPY runs runs
COPY sandbox sandbox
COPY templates templates
COPY --from=pages /callsheet/static/dist static/dist
RUN useradd --system callsheet && install -d -o callsheet -m 700 /data
USER callsheet
EXPOSE 8000
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "config.asgi:application"]
