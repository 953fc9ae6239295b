import unittest

import openai
from greeting import greeting

from understudy import MockServer


class GreetingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(MockServer())
        cls.client = cls.enterClassContext(openai.OpenAI(base_url=cls.server.base_url, api_key="sk-any"))

    def setUp(self):
        self.server.reset()

    def test_the_name_is_in_the_request(self):
        self.server.rules.when(last_message="Ada").reply("Hello Ada!")
        self.assertEqual(greeting(self.client, "Ada"), "Hello Ada!")
        self.assertEqual(len(self.server.journal), 1)

    def test_each_test_starts_clean(self):
        self.assertEqual(len(self.server.journal), 0)
        self.assertTrue(greeting(self.client, "Grace"))


if __name__ == "__main__":
    unittest.main()
