/** A data team's models and reports: Python, Parquet, pandas. */
import type { Project } from "./scenario.ts";

const split = `import pandas as pd
from sklearn.model_selection import train_test_split


def make_split(events: pd.DataFrame, seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """80/20 split of the labelled events."""
    train, validation = train_test_split(events, test_size=0.2, random_state=seed)
    return train.reset_index(drop=True), validation.reset_index(drop=True)
`;

const daily = `def daily_active(events: pd.DataFrame) -> pd.Series:
    day = pd.to_datetime(events["timestamp"], unit="s").dt.date
    return events.groupby(day)["user_id"].nunique()
`;

const reader = `def load_events(folder: Path) -> pd.DataFrame:
    frames = [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]
    events = pd.concat(frames)
    return events[events["kind"].isin(["click", "purchase"])]
`;

const judge = `PROMPT = """Rate the summary from 1 to 5.

Text: {text}
Summary: {summary}
"""


def score(client, text: str, summary: str) -> int:
    answer = client.messages.create(
        model="claude-haiku-5-5",
        max_tokens=5,
        messages=[{"role": "user", "content": PROMPT.format(text=text, summary=summary)}],
    )
    return int(answer.content[0].text)
`;

export const research: Project = {
  name: "research",
  about: "models and reports of the data team (Python, pandas, Parquet)",
  language: "python",
  test: "uv run pytest -q",
  green:
    "........................................................................ [ 61%]\n.............................................                            [100%]\n117 passed in 9.32s",
  instructions:
    "# Research\n\n- Python 3.13, `uv` for environments, `ruff` for style.\n- Notebooks are for looking, modules are for keeping: move code to `research/` before it is reused.\n- Every number in a report names the script and the commit that made it.\n- Data under `data/` is read-only.",
  symbols: [
    {
      name: "make_split",
      path: "research/split.py",
      text: split,
      purpose: "splits labelled events into training and validation",
    },
    {
      name: "daily_active",
      path: "research/activity.py",
      text: daily,
      purpose: "counts the distinct users of each day",
    },
    {
      name: "load_events",
      path: "research/io.py",
      text: reader,
      purpose: "reads the month's events from Parquet files",
    },
    { name: "score", path: "research/judge.py", text: judge, purpose: "has a model rate a summary" },
  ],
  tasks: [
    {
      title: "Validation accuracy looks too good",
      ask: "Our churn model gets 0.97 AUC on validation but 0.81 in production. I suspect the split. Can you check research/split.py?",
      opening: "A gap of that size is nearly always leakage. Let me see what the split keeps together.",
      pattern: "train_test_split",
      hits: [
        "research/split.py:2:from sklearn.model_selection import train_test_split",
        "research/split.py:7:    train, validation = train_test_split(events, test_size=0.2, random_state=seed)",
      ],
      file: { path: "research/split.py", text: split },
      plan: [
        "Count users that are on both sides",
        "Split by user",
        "Train again and compare with production",
      ],
      diagnosis:
        "The rows are split one by one, so the same user's events end up on both sides: 94% of the validation users are in training too. The model then recognises people instead of predicting churn.",
      edits: [
        {
          before:
            "    train, validation = train_test_split(events, test_size=0.2, random_state=seed)\n    return train.reset_index(drop=True), validation.reset_index(drop=True)",
          after:
            '    # By user: events of one person on both sides let the model recognise them.\n    splitter = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=seed)\n    train, validation = next(splitter.split(events, groups=events["user_id"]))\n    return events.iloc[train].reset_index(drop=True), events.iloc[validation].reset_index(drop=True)',
          say: "I'll split by user, so that nobody is on both sides.",
        },
      ],
      check: {
        command: "uv run pytest -q tests/test_split.py",
        failing:
          "FAILED tests/test_split.py::test_no_user_on_both_sides - assert 11873 == 0\n1 failed, 4 passed in 1.88s",
        passing: "5 passed in 1.91s",
      },
      summary:
        "Your suspicion was right. With a split by user the validation AUC is **0.823**, close to the 0.81 seen in production.\n\n| split | users on both sides | AUC validation |\n| --- | ---: | ---: |\n| by row (before) | 11,873 | 0.971 |\n| by user (now) | 0 | 0.823 |\n\nThe model itself has not become worse; the earlier number measured something else. Reports that quote 0.97 are `reports/churn-q3.md` and the slide deck of 12 October.",
      questions: [
        [
          "Would a split by time be even better?",
          'For a model that predicts the future, yes: it also catches drift. The two answer different questions, though. By user tells you how it does on people it has never seen; by time how it does next month. I would report both and choose features by the time split:\n\n```python\ncutoff = events["timestamp"].quantile(0.8)\ntrain = events[events["timestamp"] <= cutoff]\nvalidation = events[events["timestamp"] > cutoff]\n```\n\nWith our data that leaves 38% of the validation users unseen in training.',
        ],
      ],
      subtask: {
        description: "Look for other leaks",
        prompt:
          "Go through research/features.py and list every feature that uses information from after the prediction date. Name the function and the line, and explain each in one sentence. Do not change files.",
        pattern: "rolling|shift|mean\\(",
        hits: [
          'research/features.py:41:    features["mean_basket"] = events.groupby("user_id")["amount"].transform("mean")',
          'research/features.py:58:    features["days_since_last"] = (cutoff - last_seen).dt.days',
        ],
        report:
          "One leak: `mean_basket` (features.py:41) averages over **all** of a user's events, those after the cutoff included. `days_since_last` is computed against the cutoff and fine. The others only look backwards.",
      },
      commit: "Split by user so that validation measures strangers",
    },
    {
      title: "Daily active users differ from the product dashboard",
      ask: "DAU in our report is 2-4% higher than on the product dashboard on most days and lower on Mondays. Same source table. What's going on?",
      opening:
        "Differences that depend on the day of the week point at where a day begins. I'll look at how days are cut.",
      pattern: "dt\\.date",
      hits: ['research/activity.py:2:    day = pd.to_datetime(events["timestamp"], unit="s").dt.date'],
      file: { path: "research/activity.py", text: daily },
      plan: ["Compare one day by hour", "Cut days in the business time zone", "Recompute October"],
      diagnosis:
        "The report cuts days in UTC, the dashboard in Europe/Berlin. Late-evening users count for the next day here, and the evening is our busiest time; on Mondays the effect turns round because Sunday evening is quiet.",
      edits: [
        {
          before: '    day = pd.to_datetime(events["timestamp"], unit="s").dt.date',
          after:
            '    # A day is a day in Berlin, as on the product dashboard (daylight saving included).\n    moments = pd.to_datetime(events["timestamp"], unit="s", utc=True)\n    day = moments.dt.tz_convert("Europe/Berlin").dt.date',
          say: "Days are cut in the time zone that the business means.",
        },
      ],
      check: {
        command: "uv run pytest -q tests/test_activity.py",
        failing:
          "FAILED tests/test_activity.py::test_late_evening_belongs_to_its_day - assert 2 == 1\n1 failed, 6 passed in 0.93s",
        passing: "7 passed in 0.95s",
      },
      summary:
        "Report and dashboard agree on all 31 days of October, to the user.\n\nDays are cut in `Europe/Berlin` now. The night of 25 October has 25 hours because of the clock change; a test covers it.\n\nNumbers in published reports change by up to 4%. I listed the affected figures in `reports/CHANGES.md`.",
      commit: "Cut days in Berlin time, as the dashboard does",
    },
    {
      title: "Loading a month of events runs out of memory",
      ask: "load_events needs 46 GB for November and gets killed. We only use clicks and purchases. Can it be leaner?",
      opening:
        "Everything is read before anything is thrown away; the filter and the columns can go into the reader.",
      pattern: "read_parquet",
      hits: [
        'research/io.py:2:    frames = [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]',
      ],
      file: { path: "research/io.py", text: reader },
      plan: [
        "Measure the peak",
        "Push filter and columns into the reader",
        "Use categories for the repeated strings",
      ],
      diagnosis:
        "All 34 columns of all events are loaded, then 91% of the rows are dropped. `kind`, `country` and `device` are Python strings repeated a hundred million times.",
      edits: [
        {
          before:
            '    frames = [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]\n    events = pd.concat(frames)\n    return events[events["kind"].isin(["click", "purchase"])]',
          after:
            '    dataset = ds.dataset(sorted(folder.glob("*.parquet")))\n    wanted = ds.field("kind").isin(["click", "purchase"])\n    table = dataset.to_table(columns=COLUMNS, filter=wanted)\n    return table.to_pandas(strings_to_categorical=True, self_destruct=True)',
          say: "The reader gets the filter and the eight columns that are used.",
        },
      ],
      check: {
        command: "uv run python -m research.io data/2026-11 --peak",
        failing: "Killed (exit 137), peak resident 45.8 GB",
        passing: "rows 9,412,077  columns 8  peak resident 1.9 GB  12.4 s",
      },
      summary:
        "1.9 GB instead of 46, and 12 s instead of being killed.\n\n- Row groups that hold no click or purchase are not even read.\n- Eight columns (`COLUMNS`) instead of 34.\n- Repeated strings are categories, which `groupby` likes too.\n\n```python\ntable = dataset.to_table(columns=COLUMNS, filter=wanted)\nreturn table.to_pandas(strings_to_categorical=True, self_destruct=True)\n```\n\nOne thing to watch: `groupby` on a categorical column shows unused categories unless `observed=True` is given. I added it in the three places that need it.",
      questions: [
        [
          "What is self_destruct?",
          "It frees each Arrow column as soon as it has been converted, so the table and the frame are not both in memory in full. The table must not be used afterwards; here it goes out of scope anyway.",
        ],
      ],
      commit: "Read only the events and columns that are used",
    },
    {
      title: "Summary scores vary between runs",
      ask: "The judge gives the same summary a 3 on one run and a 5 on the next, and sometimes int() fails. How would you make research/judge.py dependable?",
      opening:
        "Two separate things: a free-form answer that is parsed by hope, and a scale without anchors. I'll look at the code first.",
      pattern: "def score",
      hits: ["research/judge.py:8:def score(client, text: str, summary: str) -> int:"],
      file: { path: "research/judge.py", text: judge },
      plan: [
        "Ask for structured output",
        "Describe what each grade means",
        "Average three judgements and report the spread",
      ],
      diagnosis:
        "The model has five tokens to say something that `int()` understands, and nothing says what a 3 is. The failures are answers like `**4**`; the variation is the missing rubric.",
      edits: [
        {
          before:
            '        max_tokens=5,\n        messages=[{"role": "user", "content": PROMPT.format(text=text, summary=summary)}],\n    )\n    return int(answer.content[0].text)',
          after:
            '        max_tokens=400,\n        output_config={"format": {"type": "json_schema", "schema": GRADE}},\n        messages=[{"role": "user", "content": PROMPT.format(text=text, summary=summary)}],\n    )\n    return Grade.model_validate_json(answer.content[0].text)',
          say: "The answer becomes a JSON object with a reason before the grade.",
        },
      ],
      check: {
        command: "uv run python -m research.judge --repeat 5 --sample 200",
        failing: "parsed 961/1000  mean spread 1.34",
        passing: "parsed 1000/1000  mean spread 0.21",
      },
      summary:
        "All 1,000 judgements parse, and the mean spread of five repeats fell from 1.34 to 0.21 grades.\n\n1. **Structured output**: a schema with `reason` first and `grade` 1–5 second, so the grade follows from a reason.\n2. **Anchors**: each grade is described with an example (two sentences each).\n3. The report shows mean *and* spread of three judgements; anything above 1 goes to a person.\n\nCost per summary rises from 0.02 to 0.07 cents.",
      questions: [
        [
          "Should we use a bigger model as a judge?",
          "I would first measure against people: take 100 summaries, two annotators each, and compute the agreement of both models with them. If the small model agrees as well as the annotators agree with each other, a bigger one buys nothing. My guess for this task is that the rubric matters more than the model.",
        ],
      ],
      commit: "Grade summaries by a rubric and parse the grade safely",
    },
  ],
};
