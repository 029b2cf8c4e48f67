"""The small rooms, each a mitigation with a few numbers to its name, as commands.

commandline.py  ROOMS: what each takes, and the spec that it makes; shared by every folder
answers.py      ANSWERS: its curves; python -m theory
"""
