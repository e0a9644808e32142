"""The reference server: answers as a profile says, and can be broken by named faults.

It shares no rule and no parser with ``checks`` and ``wire``: what judges must not also write.

    respond       request and profile -> reply; everything below it is sans-IO
    ├── routing, admission      which operation is meant, who may ask
    ├── validation              which mistakes a request holds, and what is read from it
    ├── brain                   a tiny deterministic model
    ├── completion, streaming   its thoughts as one JSON object, or as events
    ├── refusals                mistakes as the error bodies that the profile states
    ├── stages                  where the making of an answer can be altered
    ├── faults                  named deviations, one function each
    └── oddities                named legal peculiarities, one function each
    serve         the only socket, over Starlette and uvicorn
"""
