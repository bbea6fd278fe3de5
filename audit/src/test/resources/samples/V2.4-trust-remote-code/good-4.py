class Own:
    def load(self, trust_remote_code):
        return trust_remote_code

Own().load(trust_remote_code=True)
