# One image; the role is the command: `gridcast api`, `gridcast worker`. docker-compose.yml starts both.
FROM node:24-slim AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.12-slim AS build
RUN pip install --no-cache-dir 'uv>=0.13,<0.14'
WORKDIR /src
COPY pyproject.toml setup.py uv.lock README.md LICENSE NOTICE ./
RUN uv sync --frozen --no-dev --no-install-project --extra trace
COPY api/ api/
COPY broadcaster/ broadcaster/
COPY cli/ cli/
COPY client/ client/
COPY recordings/ recordings/
COPY scenarios/ scenarios/
COPY workers/ workers/
COPY web/__init__.py web/
COPY --from=page /src/web/dist web/dist
RUN uv sync --frozen --no-dev --no-editable --extra trace

FROM python:3.12-slim
# A new volume takes over the owner of the folder that it is mounted on.
RUN useradd --create-home --uid 10001 gridcast && install -d -o gridcast -g gridcast /data
COPY --from=build /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH PYTHONUNBUFFERED=1 GRIDCAST_DIR=/data
USER gridcast
WORKDIR /home/gridcast
VOLUME /data
EXPOSE 8000
CMD ["gridcast", "api", "--host", "0.0.0.0", "--port", "8000"]
